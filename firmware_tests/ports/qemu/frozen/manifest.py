freeze(".")
