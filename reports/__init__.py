"""Draws what was computed: tables and sentences for people."""
