package org.vit4j.engine;

/**
 * What the ops of one kind cost.
 *
 * @param op its name in ND4J
 * @param count executions
 * @param nanos their time together
 */
public record OpTime(String op, long count, long nanos) {}
