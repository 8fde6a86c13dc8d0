@tool
extends ScrollContainer
## As high as its content, up to a limit; beyond that the content scrolls.

const RlLook := preload("look.gd")

## Less than this is too little to read in, in pixels at the editor's scale.
const LEAST_LIMIT: float = 60.0

var _limit: float = INF


func _init() -> void:
	horizontal_scroll_mode = ScrollContainer.SCROLL_MODE_DISABLED


func _ready() -> void:
	_content().minimum_size_changed.connect(_fit)
	_fit()


## No higher than [param limit] from now on, in pixels.
func limit_to(limit: float) -> void:
	_limit = maxf(limit, RlLook.px(LEAST_LIMIT))
	_fit()


func _fit() -> void:
	custom_minimum_size.y = minf(_content().get_combined_minimum_size().y, _limit)


func _content() -> Control:
	return get_child(0) as Control
