/** The one home of the polyfill that both the container's library and the certificate library want to find at their import. */
import 'reflect-metadata'
