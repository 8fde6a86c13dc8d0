@tool
extends "stage.gd"
## Several stages, one after the other.

const Stage := preload("stage.gd")
const StageList := preload("stage_list.gd")

var stages: Array[Stage] = []


## Makes a stage of [param stages].
static func create(all_stages: Array[Stage]) -> StageList:
	var list: StageList = StageList.new()
	list.stages = all_stages
	return list


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	var values: PackedVector4Array = x
	for stage: Stage in stages:
		values = stage.apply(values, rows)
	return values
