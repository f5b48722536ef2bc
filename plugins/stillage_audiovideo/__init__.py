"""Video modality: frames of an item on the belt; a photo is a clip of one frame."""
