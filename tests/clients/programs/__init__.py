"""Programs in the words of other people's clients; each takes the API's address and a folder."""
