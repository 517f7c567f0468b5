"""The vocabulary of the house: records, view states and ids. Imports nothing of ours."""
