@tool
extends RefCounted
## A set of values to start from, as the backend describes it.

const Read := preload("read.gd")

var name: String = ""
var title: String = ""
## When to take it, and what it does differently.
var reason: String = ""
## What differs from the trainer's defaults.
var values: Dictionary = {}


func _init(description: Dictionary) -> void:
	name = Read.text(description, "name")
	title = Read.text(description, "title", name.capitalize())
	reason = Read.text(description, "reason")
	values = Read.dict(description, "values")
