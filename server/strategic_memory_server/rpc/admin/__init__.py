"""The hand of an operator on the advice: what may be asked for, and how it is carried out."""
