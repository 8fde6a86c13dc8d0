@tool
extends RefCounted
## Numbers as people read them: 25.6k steps, 1:05 h, 3e-4.


## A count with a suffix: 950, 25.6k, 1.2M.
static func count(number: float) -> String:
	var size: float = absf(number)
	if is_nan(number):
		return "–"
	if size >= 999_500_000.0:
		return _trim(number / 1e9, 2) + "G"
	if size >= 999_500.0:
		return _trim(number / 1e6, 2) + "M"
	if size >= 10_000.0:
		return _trim(number / 1e3, 1) + "k"
	return _trim(number, 0)


## A count for an axis, as short as can be: 500, 5k, 200k, 1.2M.
static func short_count(number: float) -> String:
	if absf(number) < 1000.0 or absf(number) >= 10_000.0:
		return count(number)
	return _trim(number / 1e3, 1) + "k"


## A measured value in about four figures; "–" for NAN.
static func value(number: float) -> String:
	if is_nan(number):
		return "–"
	if is_inf(number):
		return "∞" if number > 0.0 else "-∞"
	var size: float = absf(number)
	if size != 0.0 and size < 0.001:
		return scientific(number)
	if size >= 10_000.0:
		return count(number)
	if size >= 100.0:
		return _trim(number, 0)
	return _trim(number, 3 if size < 1.0 else 2 if size < 10.0 else 1)


## A share of one as a percentage.
static func percent(share: float) -> String:
	return "–" if is_nan(share) else "%d%%" % roundi(share * 100.0)


## A duration in seconds as 0:42, 12:05 or 1:02:03.
static func duration(seconds: float) -> String:
	if is_nan(seconds) or seconds < 0.0:
		return "–"
	var total: int = roundi(seconds)
	@warning_ignore("integer_division")
	var minutes: int = total / 60
	if minutes < 60:
		return "%d:%02d" % [minutes, total % 60]
	@warning_ignore("integer_division")
	return "%d:%02d:%02d" % [minutes / 60, minutes % 60, total % 60]


## How long ago something was, in one unit: "12 s", "5 min", "3 h", "2 d".
static func age(seconds: float) -> String:
	if is_nan(seconds):
		return "–"
	if seconds < 90.0:
		return "%d s" % roundi(maxf(seconds, 0.0))
	if seconds < 5400.0:
		return "%d min" % roundi(seconds / 60.0)
	if seconds < 129_600.0:
		return "%d h" % roundi(seconds / 3600.0)
	return "%d d" % roundi(seconds / 86_400.0)


## A file size: 812 B, 21.4 kB, 3.2 MB.
static func bytes(size: int) -> String:
	if size < 1000:
		return "%d B" % size
	if size < 1_000_000:
		return _trim(size / 1e3, 1) + " kB"
	return _trim(size / 1e6, 1) + " MB"


## A float in the shortest usual writing: 0.99, 0.0003 as 3e-4.
static func scientific(number: float) -> String:
	var size: float = absf(number)
	if size == 0.0 or (size >= 0.001 and size < 1e7):
		return _trim(number, 7)
	var exponent: int = floori(log(size) / log(10.0) + 1e-9)
	return "%se%d" % [_trim(number / pow(10.0, exponent), 5), exponent]


static func _trim(number: float, digits: int) -> String:
	var text: String = "%.*f" % [digits, number]
	if "." in text:
		text = text.rstrip("0").rstrip(".")
	return "0" if text == "-0" else text
