/**
 * Runs of the command line: config file, run directory, checkpoints, logs, resuming, sweeps.
 *
 * <p>Start with {@link org.vit4j.run.TrainRun}, the entry point of command line and notebooks. {@link
 * org.vit4j.run.RunConfig} is a config file. {@code RunSession} trains with a {@link org.vit4j.train.Trainer}, to which
 * {@code RunRecorder} adds checkpoints and logs; {@link org.vit4j.run.RunDirectory} holds the files of a run, {@link
 * org.vit4j.run.Sweep} runs a grid of configs.
 */
package org.vit4j.run;
