"""What keeps a server's rows and files: where they stand, copies of them, and whether all is well."""
