"""The story: one order from the basket to the credited sale, played over HTTP as people would."""

from omni.pages.story.player import StoryBroken, play

__all__ = ["StoryBroken", "play"]
