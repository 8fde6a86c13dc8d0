extends RefCounted
## A picture among the observations of an agent, as bytes: rows of pixels, the channels of a pixel
## side by side. One channel for grey (formats L8 and R8), else three: red, green, blue.

## [channels, height, width].
var shape: PackedInt32Array = []
var bytes: PackedByteArray = []
## Why the picture cannot be used. Empty = it can.
var problem: String = ""


func _init(image: Image) -> void:
	if image == null or image.is_empty():
		problem = "is an empty Image; without a window nothing is drawn"
		return
	var is_grey: bool = image.get_format() in [Image.FORMAT_L8, Image.FORMAT_R8]
	var plain: Image = image
	if image.has_mipmaps() or not (is_grey or image.get_format() == Image.FORMAT_RGB8):
		plain = image.duplicate()
		if plain.is_compressed() and plain.decompress() != OK:
			problem = "is an Image in a format that cannot be unpacked"
			return
		plain.clear_mipmaps()
		if not is_grey:
			plain.convert(Image.FORMAT_RGB8)
	shape = [1 if is_grey else 3, plain.get_height(), plain.get_width()]
	bytes = plain.get_data()


## Returns the bytes for the JSON protocol: one channel after the other, as hexadecimal digits.
func to_hex() -> String:
	var channels: int = shape[0]
	if channels == 1:
		return bytes.hex_encode()
	var planes: PackedByteArray = []
	planes.resize(bytes.size())
	var pixels: int = shape[1] * shape[2]
	for channel: int in channels:
		for pixel: int in pixels:
			planes[channel * pixels + pixel] = bytes[pixel * channels + channel]
	return planes.hex_encode()


## Returns the bytes as numbers.
func to_numbers() -> PackedFloat32Array:
	if OS.has_feature("double"):
		return PackedFloat32Array(Array(bytes))
	# Several times as fast: images can be converted, and vectors scaled, all at once.
	var padded: PackedByteArray = bytes.duplicate()
	padded.resize(ceili(bytes.size() / 3.0) * 3)
	var pixels: int = floori(padded.size() / 3.0)
	var image: Image = Image.create_from_data(pixels, 1, false, Image.FORMAT_RGB8, padded)
	image.convert(Image.FORMAT_RGBF)
	var scaled: PackedVector3Array = (
		Transform3D(Basis.from_scale(Vector3.ONE * 255.0), Vector3.ZERO)
		* image.get_data().to_vector3_array()
	)
	var numbers: PackedFloat32Array = scaled.to_byte_array().to_float32_array()
	numbers.resize(bytes.size())
	return numbers
