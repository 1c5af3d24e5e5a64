"""Computing a revision again, from what Redis still holds of what it rests on."""
