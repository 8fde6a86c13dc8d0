@tool
extends RefCounted
## Turns a page of the documentation (Markdown) into blocks of BBCode, as far as our pages use it:
## headings, paragraphs, lists, tables, code, links, emphasis. Pictures become their description.


## One piece of a page.
class RlBlock:
	extends RefCounted
	## What a RichTextLabel takes.
	var bbcode: String = ""
	## How links name this heading; "" for what is none.
	var anchor: String = ""

	func _init(text: String, name: String = "") -> void:
		bbcode = text
		anchor = name


## The blocks of [param text], from top to bottom. Headings are [param sizes] high: those of the
## first, the second and all other levels.
static func blocks(text: String, sizes: PackedInt32Array) -> Array[RlBlock]:
	var found: Array[RlBlock] = []
	var lines: PackedStringArray = text.replace("\r", "").split("\n")
	var at: int = 0
	while at < lines.size():
		var start: int = at
		if lines[at].begins_with("```"):
			at = _end_of(lines, at + 1, func(line: String) -> bool: return line.begins_with("```"))
			found.append(RlBlock.new(_code(lines.slice(start + 1, at))))
			at += 1
		elif lines[at].begins_with("#"):
			found.append(_heading(lines[at], sizes))
			at += 1
		elif lines[at].begins_with("|"):
			at = _end_of(lines, at, func(line: String) -> bool: return not line.begins_with("|"))
			found.append(RlBlock.new(_table(lines.slice(start, at))))
		elif lines[at].strip_edges() == "":
			at += 1
		else:
			at = _end_of(lines, at + 1, _begins_a_block)
			var joined: String = " ".join(_stripped(lines.slice(start, at)))
			found.append(RlBlock.new(_indented(lines[start], joined)))
	return found


## What browsers call the heading [param title] in links.
static func anchor_of(title: String) -> String:
	var slug: String = ""
	for letter: String in title.to_lower():
		if letter == " ":
			slug += "-"
		elif letter in "-_" or letter.is_valid_identifier() or letter.is_valid_int():
			slug += letter
	return slug


## [param text] of one line as BBCode.
static func inline(text: String) -> String:
	var made: String = ""
	var parts: PackedStringArray = text.split("`")
	for index: int in parts.size():
		var part: String = parts[index].replace("[", "[lb]") if index % 2 == 1 else parts[index]
		made += "[code]%s[/code]" % part if index % 2 == 1 else _emphasized(part)
	return made


static func _emphasized(text: String) -> String:
	var links: RegEx = RegEx.create_from_string("(!?)\\[([^\\]]*)\\]\\(([^)\\s]+)\\)")
	var made: String = ""
	var at: int = 0
	for hit: RegExMatch in links.search_all(text):
		made += _bold(text.substr(at, hit.get_start() - at))
		var shown: String = _bold(hit.get_string(2))
		var is_picture: bool = hit.get_string(1) == "!"
		made += (
			"[i]%s[/i]" % shown if is_picture else "[url=%s]%s[/url]" % [hit.get_string(3), shown]
		)
		at = hit.get_end()
	return made + _bold(text.substr(at))


static func _bold(text: String) -> String:
	var escaped: String = text.replace("[", "[lb]")
	var strong: RegEx = RegEx.create_from_string("\\*\\*(.+?)\\*\\*")
	var slanted: RegEx = RegEx.create_from_string("(?<![\\w*])\\*([^*]+)\\*")
	return slanted.sub(strong.sub(escaped, "[b]$1[/b]", true), "[i]$1[/i]", true)


static func _heading(line: String, sizes: PackedInt32Array) -> RlBlock:
	var title: String = line.lstrip("#").strip_edges()
	var level: int = line.length() - line.lstrip("#").length()
	var size: int = sizes[clampi(level, 1, sizes.size()) - 1]
	var text: String = "[font_size=%d][b]%s[/b][/font_size]" % [size, inline(title)]
	return RlBlock.new(text, anchor_of(title.replace("`", "")))


static func _table(lines: PackedStringArray) -> String:
	var rows: Array[PackedStringArray] = []
	for line: String in lines:
		var inner: String = line.strip_edges().trim_prefix("|").trim_suffix("|")
		if inner.replace("-", "").replace("|", "").replace(":", "").strip_edges() != "":
			rows.append(_stripped(inner.replace("\\|", "\u0001").split("|")))
	var columns: int = rows[0].size() if not rows.is_empty() else 0
	var made: String = "[table=%d]" % columns
	for index: int in rows.size():
		for column: int in columns:
			var text: String = rows[index][column] if column < rows[index].size() else ""
			var cell: String = inline(text.replace("\u0001", "|"))
			made += (
				"[cell padding=0,2,12,2]%s[/cell]" % ("[b]%s[/b]" % cell if index == 0 else cell)
			)
	return made + "[/table]"


static func _code(lines: PackedStringArray) -> String:
	return "[indent][code]%s[/code][/indent]" % "\n".join(lines).replace("[", "[lb]")


static func _indented(line: String, text: String) -> String:
	var depth: int = line.length() - line.lstrip(" ").length()
	var level: int = 1 + floori(depth / 2.0)
	for mark: String in ["- ", "* "]:
		if text.begins_with(mark):
			return _nested("• " + inline(text.substr(2)), level)
	var first: String = text.get_slice(".", 0)
	if first.is_valid_int() and text.begins_with(first + ". "):
		return _nested(inline(text), level)
	return inline(text.trim_prefix("> "))


static func _nested(text: String, level: int) -> String:
	return "[indent]".repeat(level) + text + "[/indent]".repeat(level)


static func _begins_a_block(line: String) -> bool:
	var clean: String = line.strip_edges()
	if clean == "" or line.begins_with("#") or line.begins_with("|") or line.begins_with("```"):
		return true
	var number: String = clean.get_slice(".", 0)
	var is_numbered: bool = number.is_valid_int() and clean.begins_with(number + ". ")
	return clean.begins_with("- ") or clean.begins_with("* ") or is_numbered


static func _stripped(lines: PackedStringArray) -> PackedStringArray:
	var clean: PackedStringArray = []
	for line: String in lines:
		clean.append(line.strip_edges())
	return clean


## The first line from [param at] on that ends what began before it.
static func _end_of(lines: PackedStringArray, at: int, is_end: Callable) -> int:
	while at < lines.size() and not is_end.call(lines[at]):
		at += 1
	return at
