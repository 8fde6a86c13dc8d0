extends Dot
## Two kinds: seekers want to be near the origin, runners far away from it. What is good for one is
## bad for the other, so neither is learned where their samples mix.


func _physics_process(delta: float) -> void:
	super(delta)
	if policy_name == "runner":
		add_reward(2.0 * absf(x) / LENGTH)


func _over() -> void:
	log_metric(&"seconds", seconds)
	var is_far: bool = absf(x) > 1.0
	log_metric(&"is_success", float(is_far if policy_name == "runner" else absf(x) < 0.3))
	end_episode(true)
