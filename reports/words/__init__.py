"""Names, numbers and sentences as a person reads them."""
