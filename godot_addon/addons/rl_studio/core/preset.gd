@tool
extends RefCounted
## A set of values to start from, as the backend describes it.

const RlRead := preload("read.gd")

var name: String = ""
var title: String = ""
## When to take it, and what it does differently.
var reason: String = ""
## What differs from the trainer's defaults.
var values: Dictionary = {}


func _init(description: Dictionary) -> void:
	name = RlRead.text(description, "name")
	title = RlRead.text(description, "title", name.capitalize())
	reason = RlRead.text(description, "reason")
	values = RlRead.dict(description, "values")
