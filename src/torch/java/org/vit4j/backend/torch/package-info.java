/**
 * The libtorch backend, in builds with the Maven profile {@code torch}: executes a graph operation by operation, with
 * gradients by autograd.
 *
 * <p>{@code TorchOpLowering} computes one operation, {@code TorchPass} all operations that a result needs. Parameters and
 * gradients are one flat tensor each, of which the leaves are views; on the CPU they share the memory of the ND4J arrays. The loss
 * stays a small SameDiff graph on the host ({@code LossGraph} of the SameDiff backend).
 */
package org.vit4j.backend.torch;
