"""Studies: the paper's claims and open questions, each a few agents trained from common starts and compared."""
