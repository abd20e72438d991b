"""A resident's span of a space: asked for, answered, used, or given back."""
