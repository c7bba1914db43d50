"""Pure rules of offers and points: no database, no clock."""
