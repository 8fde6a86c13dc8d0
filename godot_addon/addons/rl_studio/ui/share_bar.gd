@tool
extends Control
## One bar that is split into parts by their shares; the tooltip tells which part the mouse is on.

const RlBottleneck := preload("../core/bottleneck.gd")
const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")

const HEIGHT: float = 8.0

var _bottleneck: RlBottleneck


func _init() -> void:
	mouse_filter = Control.MOUSE_FILTER_PASS
	tooltip_text = " "  # an empty one is never asked for


func _ready() -> void:
	custom_minimum_size.y = RlLook.px(HEIGHT)


func _draw() -> void:
	if _bottleneck == null:
		return
	var left: float = 0.0
	for part: String in RlBottleneck.PARTS:
		var width: float = size.x * _bottleneck.share(part)
		draw_rect(Rect2(left, 0.0, width, size.y), RlLook.part_color(self, part))
		left += width


func _get_tooltip(at_position: Vector2) -> String:
	var right: float = 0.0
	for part: String in RlBottleneck.PARTS:
		right += size.x * _bottleneck.share(part)
		if at_position.x < right:
			return tooltip(_bottleneck, part)
	return ""


## What [param part] is, and its share.
static func tooltip(bottleneck: RlBottleneck, part: String) -> String:
	var percent: String = RlFormat.percent(bottleneck.share(part))
	return "%s: %s of the time\n%s" % [RlBottleneck.NAMES[part], percent, RlBottleneck.HELP[part]]


## Draws the shares of [param bottleneck].
func show_shares(bottleneck: RlBottleneck) -> void:
	_bottleneck = bottleneck
	queue_redraw()
