/**
 * Execution of graphs: inference, and training steps with loss and gradients.
 *
 * <p>Start with {@link org.vit4j.backend.Backend}, which creates an {@link org.vit4j.backend.Inference} or a {@link
 * org.vit4j.backend.GradientStep} over a graph and its {@link org.vit4j.backend.ParameterStore}. There are two
 * implementations here, {@code onednn}, the fast one for CPUs, and {@code samediff}, the reference on any ND4J backend, and
 * one of libtorch's operations in builds with the Maven profile {@code torch}. A further one is a {@link
 * org.vit4j.backend.BackendProvider} and one line in {@code Backend}.
 */
package org.vit4j.backend;
