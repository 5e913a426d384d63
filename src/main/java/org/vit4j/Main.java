package org.vit4j;

public final class Main {
    private Main() {}

    public static void main(String[] args) {}
}
