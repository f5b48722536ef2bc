"""Export: from a trained student to a bundle of ONNX files and a manifest."""
