extends RLSync
## The RLSync of all scenes.
