"""What people here are told of what others do: written when it happens, and read with what still stands of it."""
