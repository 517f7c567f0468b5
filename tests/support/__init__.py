"""What tests share: external tools and made-up files."""
