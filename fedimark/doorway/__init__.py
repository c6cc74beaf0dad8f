"""What all doors share: sessions, the origin of forms, what is asked for, throttles, errors as answers."""
