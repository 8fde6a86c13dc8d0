"""What is read out of the words of a dying game. The samples are Godot 4.6's own."""

from __future__ import annotations

from rl_studio_training.printed_errors import find_crash, find_errors, find_stack, last_words, without_numbers

PARSE = """Godot Engine v4.6.3.stable.debian4.6.3+ds-2 - https://godotengine.org

SCRIPT ERROR: Parse Error: Function "lgo_metric()" not found in base self.
          at: GDScript::reload (res://typo.gd:14)
ERROR: Failed to load script "res://typo.gd" with error "Parse error".
   at: load (modules/gdscript/gdscript.cpp:2907)
""".splitlines()
NULL = """hello
SCRIPT ERROR: Out of bounds get index '3' (on base: 'Array')
          at: _get_observation (res://bad.gd:4)
          GDScript backtrace (most recent call first):
              [0] _get_observation (res://bad.gd:4)
              [1] _init (res://addons/rl_studio/runtime/seat.gd:42)
""".splitlines()
SCENE = """ERROR: Parse Error: Parse error. [Resource file res://broken.tscn:12]
   at: _parse_node_tag (scene/resources/resource_format_text.cpp:292)
ERROR: Failed loading scene: res://broken.tscn.
   at: start (main/main.cpp:4668)
""".splitlines()
PUSHED = """ERROR: RL Studio: the reward is nan
   at: push_error (core/variant/variant_utility.cpp:1024)
   GDScript backtrace (most recent call first):
       [0] _complain (res://addons/rl_studio/runtime/training_session.gd:154)
""".splitlines()
CRASH = """before

================================================================
handle_crash: Program crashed with signal 11
Engine version: Godot Engine v4.6.3.stable.debian4.6.3+ds-2
Dumping the backtrace. Please include this when reporting the bug on: https://github.com/godotengine/godot/issues
[1] /usr/lib/libc.so.6(+0x406b0) [0x7feb1a64a6b0] (??:0)
[2] /usr/bin/godot(+0x621e8ab) [0x55ebdaec08ab] (??:?)
-- END OF C++ BACKTRACE --
================================================================
GDScript backtrace (most recent call first):
    [0] look (res://addons/rl_studio/runtime/seat.gd:8)
    [1] _ready (res://loop.gd:4)
-- END OF GDSCRIPT BACKTRACE --
================================================================
""".splitlines()


def told(lines: list[str]) -> list[str]:
    return [str(error) for error in find_errors(lines)]


def test_an_error_of_a_script_has_its_file_and_line() -> None:
    assert told(PARSE) == ['res://typo.gd:14: Parse Error: Function "lgo_metric()" not found in base self.']
    assert told(NULL) == [
        "res://bad.gd:4, in _get_observation: Out of bounds get index '3' (on base: 'Array')"
    ]


def test_each_error_is_told_once_and_the_first_one_first() -> None:
    assert told([*NULL, *PARSE, *NULL]) == [*told(NULL), *told(PARSE)]


def test_a_broken_scene_is_told_where_no_script_is_to_blame() -> None:
    assert (
        told(SCENE)[0]
        == "res://broken.tscn:12: Parse Error: Parse error. [Resource file res://broken.tscn:12]"
    )
    assert told([*SCENE, *PARSE]) == told(PARSE)


def test_other_errors_are_not_the_reason() -> None:
    assert told(PUSHED) == []
    assert told(["all is well", "this has ERROR: in it"]) == []


def test_a_crash_has_its_signal_and_the_games_own_line() -> None:
    crash = find_crash(CRASH)
    assert crash is not None
    assert (crash.signal, crash.place) == (11, "res://loop.gd:4, in _ready")
    assert crash.frames == ("/usr/lib/libc.so.6(+0x406b0)", "/usr/bin/godot(+0x621e8ab)")
    assert find_crash(NULL) is None
    assert find_stack(CRASH[:11]) == ""


def test_the_stack_of_a_crash_is_the_same_wherever_the_program_is_loaded() -> None:
    other = [line.replace("0x7feb", "0x7f01").replace("0x55eb", "0x5500") for line in CRASH]
    assert other != CRASH
    assert find_crash(other) == find_crash(CRASH)


def test_last_words_come_once_without_the_engines_own() -> None:
    assert last_words(["a", *PARSE, "b", "a", "a"], 3) == [PARSE[4], "b", "a (3 times)"]
    assert last_words(CRASH) == [
        "before",
        "handle_crash: Program crashed with signal 11",
        "    [1] _ready (res://loop.gd:4)",
    ]
    assert last_words(PUSHED) == [PUSHED[0]]


def test_numbers_do_not_count_for_a_comparison() -> None:
    assert without_numbers("step 12 at 0x7fa, x = -0.5e-3") == without_numbers("step 7 at 0x1, x = -12")
