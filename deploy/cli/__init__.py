"""The commands of the one door, a file each; `./sipbun --help` lists them."""
