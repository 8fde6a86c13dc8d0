@tool
extends RefCounted
## Which names experiments can have: each is a folder of that name, on every system.

const LONGEST: int = 48
const MARKS: String = " .-"


## What is wrong with [param text] as the name of an experiment beside those [param taken]; "" if
## nothing is.
static func problem(text: String, taken: PackedStringArray) -> String:
	var why: String = ""
	for letter: String in text:
		if not _is_plain(letter) and letter not in MARKS:
			why = "“%s” cannot be in a name: letters, digits, spaces, dots, - and _ can." % letter
			break
	if why == "" and not _is_plain(text.left(1)):
		why = "A name begins with a letter or a digit."
	elif why == "" and (text.ends_with(".") or text.ends_with(" ")):
		why = "A name does not end with a dot or a space."
	elif text.length() > LONGEST:
		why = "A name has up to %d letters." % LONGEST
	for other: String in taken:
		if other.to_lower() == text.to_lower():
			why = "There is an experiment of this name."
	return why


static func _is_plain(letter: String) -> bool:
	return letter.is_valid_unicode_identifier() or letter.is_valid_int()
