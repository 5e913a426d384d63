/**
 * The SameDiff backend: lowers a graph to standard ND4J operations, and runs them by static plans with preallocated
 * memory.
 *
 * <p>Start with {@link org.vit4j.backend.samediff.SameDiffLowering}, the reference semantics of all graph operations.
 * {@link org.vit4j.backend.samediff.CompiledGraph} traces a SameDiff graph once per set of input shapes ({@code
 * Tracer}), turns the trace into a plan ({@code SameDiffPlanner}) and executes it; results equal those of ND4J's own
 * session bit for bit.
 */
package org.vit4j.backend.samediff;
