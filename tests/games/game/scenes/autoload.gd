@warning_ignore("missing_tool")
extends RLSync
## The RLSync of all scenes.
