/**
 * The oneDNN backend: lowers a graph to a static plan of oneDNN primitives for one batch size, with its own backward
 * pass.
 *
 * <p>Start with {@code OneDnnPlanner}, which lowers ops one by one through {@code MatmulOps}, {@code ConvOps}, {@code
 * NormOps} and {@code AttentionOps}. These record forward and backward steps on a {@code Tape} of strided arrays;
 * {@code OneDnnPlan} allocates memory for all arrays in a {@code BufferArena} and runs the steps. The loss stays a
 * small SameDiff graph ({@code LossGraph} of the SameDiff backend). Arrays are in NHWC order: float32,
 * or bfloat16 with mixed precision.
 */
package org.vit4j.backend.onednn;
