/**
 * The graph as an ONNX model of standard operations, for ONNX Runtime and everything else that reads the format.
 *
 * <p>Operator set 17, the first with {@code LayerNormalization}: what ONNX Runtime has read since 1.12 (2022), and
 * TensorRT, OpenVINO and the browsers' runtimes with it. 20 would make one node of GELU, which runtimes make of the five
 * by themselves, and lock the older ones out.
 */
package org.vit4j.onnx;
