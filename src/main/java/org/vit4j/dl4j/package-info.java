/**
 * Networks of vit4j inside DL4J's {@code ComputationGraph}: {@link org.vit4j.dl4j.NetworkVertex}. The vertex is described by a
 * config and a tensor name, so that DL4J's {@code ModelSerializer} saves and restores it; its ops are those of the SameDiff
 * backend.
 */
package org.vit4j.dl4j;
