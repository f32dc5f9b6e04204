// Names that only this port has: none.
