"""Tools that annotate raw video: entity separation, object mask, body mesh, face and hand boxes, pose.

One protocol a task with a real tool behind it. Both sources there are now deliver their annotations with the clips, so
nothing stands here yet.
"""
