extends RefCounted
## The colours of the game.

const FLOOR: Color = Color("0b1022")
const GRID: Color = Color("1b2547")
const WALL: Color = Color("5b7cff")
const PILLAR: Color = Color("a07bff")
const PUCK: Color = Color("46e0ff")
const SPARK: Color = Color("ff4fa3")
const FLAME: Color = Color("ffd166")
const WIN: Color = Color("7dffb0")
const LOSS: Color = Color("ff6b6b")


## The same colour with another opacity.
static func fade(color: Color, alpha: float) -> Color:
	return Color(color.r, color.g, color.b, alpha)
