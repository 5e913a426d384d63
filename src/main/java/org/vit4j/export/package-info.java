/**
 * Export of saved models to Keras, ONNX, safetensors and SameDiff files. One class per format converts the graph and
 * the weights.
 *
 * <p>Start with {@link org.vit4j.export.ModelExporter}.
 */
package org.vit4j.export;
