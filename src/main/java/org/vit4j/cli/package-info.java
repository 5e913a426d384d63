/**
 * The commands of the program {@code vit4j}, one class each. A command parses its options, calls the package that
 * does the work and prints the result. Start with {@link org.vit4j.cli.CommandLineProgram}, which lists the commands
 * and maps exceptions to exit codes.
 */
package org.vit4j.cli;
