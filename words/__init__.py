"""Every sentence that the product says, in both languages."""
