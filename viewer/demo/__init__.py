"""The demo practice: fictional people, a CBCT phantom with ground truth, and pictures of it."""
