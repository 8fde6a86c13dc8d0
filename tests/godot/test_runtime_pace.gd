extends "test_case.gd"
## The pace of training leaves the game's time alone, or follows it, and puts everything back.

const RlEnginePace := preload("res://addons/rl_studio/runtime/engine_pace.gd")
const RlScaledTime := preload("res://addons/rl_studio/runtime/scaled_time.gd")

const CLOCK: PackedStringArray = [
	"time_scale",
	"physics_ticks_per_second",
	"max_fps",
	"max_physics_steps_per_frame",
	"physics_jitter_fix",
]


func before_each() -> void:
	get_tree().physics_interpolation = true
	get_tree().root.physics_object_picking = true
	Engine.time_scale = 0.75
	Engine.max_fps = 77


func after_each() -> void:
	Engine.time_scale = 1.0
	Engine.max_fps = 0
	get_tree().physics_interpolation = false


func test_a_fixed_pace_touches_no_clock_and_is_put_back() -> void:
	var before: Array = _read_clock()
	var pace: RlEnginePace = RlEnginePace.new()
	pace.apply(get_tree(), true, 0.0, 8)
	expect_eq(_read_clock(), before, "nothing of the engine's time is touched")
	expect_false(get_tree().root.physics_object_picking, "nobody points")
	pace.keep(true)
	pace.restore()
	expect_eq(_read_clock(), before)
	expect_true(get_tree().root.physics_object_picking)
	expect_true(get_tree().physics_interpolation)
	pace.keep(true)
	expect_eq(_read_clock(), before, "nothing is done after the end")


func test_scaled_time_is_put_back_as_the_game_wrote_it() -> void:
	var before: Array = _read_clock()
	var pace: RlEnginePace = RlEnginePace.new()
	pace.apply(get_tree(), false, 0.0, 8)
	expect_true(Engine.physics_ticks_per_second > 1000, "as fast as the clock lets it")
	expect_near(Engine.time_scale / Engine.physics_ticks_per_second, 0.75 / 60.0, 1e-12)
	pace.restore()
	expect_eq(_read_clock(), before)


func test_scaled_time_follows_what_the_game_writes() -> void:
	var scaled: RlScaledTime = RlScaledTime.new()
	scaled.apply(0.0, 8)
	Engine.time_scale = 0.5
	scaled.follow()
	expect_near(Engine.time_scale / Engine.physics_ticks_per_second, 0.5 / 60.0, 1e-12)
	Engine.physics_ticks_per_second = 120
	scaled.follow()
	expect_near(Engine.time_scale / Engine.physics_ticks_per_second, 0.5 / 120.0, 1e-12)
	scaled.restore()
	expect_eq(Engine.time_scale, 0.5)
	expect_eq(Engine.physics_ticks_per_second, 120)
	Engine.physics_ticks_per_second = 60


func test_a_given_speed_waits_for_the_clock() -> void:
	var pace: RlEnginePace = RlEnginePace.new()
	pace.apply(get_tree(), true, 2.0, 8)
	var began: int = Time.get_ticks_usec()
	for tick: int in 12:
		pace.keep(false)
	var took: float = (Time.get_ticks_usec() - began) / 1_000_000.0
	expect_true(took > 11.0 / 120.0, "12 ticks at 120 a second took %.3f s" % took)
	pace.restore()


func _read_clock() -> Array:
	var values: Array = []
	for property: String in CLOCK:
		values.append(Engine.get(property))
	return values
