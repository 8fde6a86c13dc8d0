@tool
extends RefCounted
## What the set-up panel says about the environment.

const RlCarriedPackage := preload("carried_package.gd")
const RlManagedEnvironment := preload("managed_environment.gd")


## What is there.
static func status(environment: RlManagedEnvironment, package: RlCarriedPackage) -> String:
	if package.path == "":
		return (
			"This copy of the addon carries no Python package, so it cannot set one up. In a checkout"
			+ ' of RL Studio, "make addon" builds a copy that can, and "rl-studio install-addon"'
			+ " puts one into a project."
		)
	match environment.state:
		RlManagedEnvironment.RlState.ABSENT:
			return (
				"Training needs Python with some packages. Set up installs them into a folder of"
				+ " their own; nothing else on this machine changes."
			)
		RlManagedEnvironment.RlState.INTERRUPTED:
			return "The last set-up did not come to its end. Press Set up: it goes on from there."
	var is_older: bool = environment.version.naturalnocasecmp_to(package.version) < 0
	if is_older:
		return (
			"The environment holds version %s, this addon %s. Upgrade brings it up to date."
			% [environment.version, package.version]
		)
	if environment.version.naturalnocasecmp_to(package.addon_version) > 0:
		return (
			"The environment holds version %s, which is newer than this addon (%s): update the addon."
			% [environment.version, package.addon_version]
		)
	var parts: PackedStringArray = []
	for name: String in environment.extras:
		parts.append(str(package.extra(name).get("title", name)))
	var text: String = "Ready: version %s" % environment.version
	return text + (", with %s." % " and ".join(parts) if not parts.is_empty() else ".")


## What is still to be known of a set-up that is done: of [param notes] those that tell where the
## parts of [param environment] came from are not.
static func notes_that_last(notes: PackedStringArray, environment: RlManagedEnvironment) -> String:
	var lasting: PackedStringArray = []
	for note: String in notes:
		if note not in environment.notes:
			lasting.append(note)
	return "\n".join(lasting)


## What the main button says.
static func button(
	environment: RlManagedEnvironment, package: RlCarriedPackage, has_failed: bool
) -> String:
	if has_failed:
		return "Retry"
	if environment.state != RlManagedEnvironment.RlState.READY:
		return "Set up"
	return "Install" if environment.fits(package.version) else "Upgrade"
