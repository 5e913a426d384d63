/**
 * Conversion of a graph to an ONNX model of standard operators, for ONNX Runtime and all other readers of the format.
 *
 * <p>Uses operator set 17, the first with {@code LayerNormalization}. ONNX Runtime supports it since 1.12 (2022), as do
 * TensorRT, OpenVINO and browser runtimes. Set 20 has a {@code Gelu} operator, but excludes older runtimes; newer ones
 * fuse the five nodes written here anyway.
 *
 * <p>Start with {@link org.vit4j.onnx.OnnxModel}; {@code OnnxLayers} converts the operations.
 */
package org.vit4j.onnx;
