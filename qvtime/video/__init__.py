"""The video room: `worker.open_video` gives pictures and their true times; no models here.

Imported lightly on purpose: neither PyAV nor OpenCV is loaded until a video is opened.
"""
