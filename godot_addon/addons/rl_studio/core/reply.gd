@tool
extends RefCounted
## The answer to one request: [member result], or an error if [member ok] is false.

var ok: bool = true
var result: Dictionary = {}
## Stable name of the error, such as "invalid_config"; "timeout" and "disconnected" are our own.
var code: String = ""
var message: String = ""
var hint: String = ""
## Details of the error, such as data.errors of "invalid_config".
var data: Dictionary = {}


## An answer without a result.
func fail(error_code: String, what: String, way_out: String = "") -> void:
	ok = false
	code = error_code
	message = what
	hint = way_out
