"""People of this server: signing up and in, sessions, profiles, invitations, leaving."""
