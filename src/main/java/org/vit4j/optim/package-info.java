/**
 * Optimizers, learning rate schedules and parameter groups.
 *
 * <p>Start with {@link org.vit4j.optim.Optimizer} (the configs {@code AdamW}, {@code Adam}, {@code Sgd}, {@code Lamb}
 * and {@code Lion} create the state that updates one flat array of parameters) and {@link org.vit4j.optim.Schedule}.
 * {@link org.vit4j.optim.ParamGroupConfig} sets learning rate and weight decay per parameter, {@link
 * org.vit4j.optim.LayerDepths} counts layers for layer-wise decay.
 */
package org.vit4j.optim;
