package org.vit4j;

import org.vit4j.cli.Vit4j;

/** The entry point of the command line. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(Vit4j.run(args));
    }
}
