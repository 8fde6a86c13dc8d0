@tool
extends EditorFileDialog
## Asks for an interpreter. Begins in the home of the user: in a game's folder there is none.


func _init() -> void:
	file_mode = EditorFileDialog.FILE_MODE_OPEN_FILE
	access = EditorFileDialog.ACCESS_FILESYSTEM
	title = "Python with rl_studio"


## Shows it.
func ask() -> void:
	var is_windows: bool = OS.get_name() == "Windows"
	var home: String = OS.get_environment("USERPROFILE" if is_windows else "HOME")
	current_dir = home if DirAccess.dir_exists_absolute(home) else "/"
	popup_file_dialog()
