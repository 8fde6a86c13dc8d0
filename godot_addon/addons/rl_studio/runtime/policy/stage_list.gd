@tool
extends "stage.gd"
## Several stages, one after the other.

const RlStage := preload("stage.gd")
const RlStageList := preload("stage_list.gd")

var stages: Array[RlStage] = []


## Makes a stage of [param stages].
static func create(all_stages: Array[RlStage]) -> RlStageList:
	var list: RlStageList = RlStageList.new()
	list.stages = all_stages
	return list


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	var values: PackedVector4Array = x
	for stage: RlStage in stages:
		values = stage.apply(values, rows)
	return values
